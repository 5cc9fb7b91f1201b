import Sequent

/// The models that come with Sequent, by the names that the command takes.
public let catalog: [CatalogEntry] = [
  CatalogEntry("language-of-word", "names the language of a word", LanguageOfWord.self),
  CatalogEntry(
    "char-lm", "writes text a character at a time", CharacterLanguageModel.self),
  CatalogEntry("tagger", "gives every word of a text a label", Tagger.self),
  CatalogEntry("pronounce", "says how a word is pronounced", Pronounce.self),
  CatalogEntry(
    "pronounce-transformer", "says the same with a Transformer", PronounceTransformer.self),
  CatalogEntry("gpt-small", "writes text a byte pair at a time", GPTSmall.self),
  CatalogEntry(
    "keras-encoder-decoder", "the encoder-decoder of Keras's documentation",
    KerasEncoderDecoder.self),
  CatalogEntry("forecaster", "forecasts the next rows of a numeric series", Forecaster.self),
]

/// A model that comes with Sequent.
public struct CatalogEntry: Sendable {
  /// The name.
  public let name: String
  /// What the model does, in a few words.
  public let summary: String
  /// The model with some of its configuration changed, as data.
  public let traced: @Sendable ([String: String]) throws -> TracedModel
  /// What the model looks for in training data.
  public let preparation: DataPreparation?
  /// The model and its training.
  public let training: @Sendable ([String: String]) throws -> TracedTraining

  init<Entry: Model>(_ name: String, _ summary: String, _ model: Entry.Type) {
    self.name = name
    self.summary = summary
    traced = { try Entry.configured($0).traced() }
    preparation = Entry.preparation
    training = { try TracedTraining(Entry.configured($0)) }
  }
}
