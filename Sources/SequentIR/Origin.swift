/// A line of the user's Swift source.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
  /// The file as `#fileID` gives it.
  public let file: String
  /// The line, from 1.
  public let line: Int

  /// Creates a location.
  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// `Tagger.swift:12`, without the module's name.
  public var description: String {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    return "\(name):\(line)"
  }
}

/// Where an operation came from: the layer that emitted it and the line that called the layer.
///
/// Origins are for people: two graphs that differ only in their origins are equal.
public struct Origin: Sendable, CustomStringConvertible {
  /// The layer's path from the model, `encoder.layer1`; empty outside of layers.
  public let layer: String
  /// The user's line.
  public let location: SourceLocation?

  /// Creates an origin.
  public init(layer: String = "", location: SourceLocation? = nil) {
    self.layer = layer
    self.location = location
  }

  /// An origin that is not known.
  public static let unknown = Origin()

  /// `Tagger.swift:12 encoder.layer1`.
  public var description: String {
    [location?.description, layer.isEmpty ? nil : layer].compactMap { $0 }.joined(separator: " ")
  }
}
