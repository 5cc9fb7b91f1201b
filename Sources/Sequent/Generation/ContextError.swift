/// A text of more tokens than a model sees.
public struct ContextError: Error, CustomStringConvertible {
  /// Which of the texts it is, from 0.
  public let index: Int
  /// How many tokens the model would read for it.
  public let tokens: Int
  /// How many tokens the model sees.
  public let context: Int

  /// What is wrong, of a text that is called so.
  public func message(of name: String) -> String {
    "\(name): \(tokens) tokens, but the model sees \(context) at most"
  }

  /// The message.
  public var description: String { message(of: "text \(index + 1)") }

  /// Finds out whether a model sees as many tokens as each of some texts has.
  static func check(
    _ counts: some Sequence<Int>, context: Int?
  ) throws(ContextError) {
    guard let context else { return }
    for (index, tokens) in counts.enumerated() where tokens > context {
      throw ContextError(index: index, tokens: tokens, context: context)
    }
  }
}
