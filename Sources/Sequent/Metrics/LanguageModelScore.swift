import Foundation

/// How well a language model predicts a text.
public struct LanguageModelScore: Hashable, Sendable {
  private var loss = Mean()

  /// Nothing yet.
  public init() {}

  /// Adds tokens with their mean negative log likelihood, in nats.
  public mutating func add(loss: Double, tokens: Int) {
    self.loss.add(loss, weight: Double(tokens))
  }

  /// Adds what another has seen.
  public mutating func merge(_ other: LanguageModelScore) { loss.merge(other.loss) }

  /// The mean negative log likelihood of a token, in nats.
  public var lossPerToken: Double { loss.value }

  /// Among how many equally likely tokens the model would be as unsure: exp of the loss.
  public var perplexity: Double { Foundation.exp(loss.value) }

  /// How many bits a character takes, for a text of so many characters: comparable between models
  /// whose tokens differ.
  public func bitsPerCharacter(characters: Int) -> Double {
    loss.total / Foundation.log(2) / Double(characters)
  }
}
