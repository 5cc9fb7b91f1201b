/// How the fields of a line are told apart.
public struct DelimitedFormat: Hashable, Sendable {
  /// What stands between two fields.
  public let delimiter: Unicode.Scalar
  /// Whether a field can be put into quotation marks, and then hold anything (RFC 4180).
  public let isQuoted: Bool
  /// Whether the first line has the columns' names.
  public let hasHeader: Bool

  /// Creates a format.
  public init(delimiter: Unicode.Scalar, isQuoted: Bool, hasHeader: Bool) {
    self.delimiter = delimiter
    self.isQuoted = isQuoted
    self.hasHeader = hasHeader
  }

  /// Fields separated by tabs, every other character standing for itself.
  public static func tsv(hasHeader: Bool = false) -> DelimitedFormat {
    DelimitedFormat(delimiter: "\t", isQuoted: false, hasHeader: hasHeader)
  }

  /// Fields separated by commas.
  public static func csv(hasHeader: Bool = true) -> DelimitedFormat {
    DelimitedFormat(delimiter: ",", isQuoted: true, hasHeader: hasHeader)
  }

  /// The format that a file's name suggests: CSV with a header for `.csv`, otherwise TSV without.
  public static func suggested(by path: String) -> DelimitedFormat {
    path.lowercased().hasSuffix(".csv") ? .csv() : .tsv()
  }
}

/// A column of a file.
public enum Column: Hashable, Sendable, CustomStringConvertible {
  /// By its place, from 1.
  case number(Int)
  /// By its name in the header.
  case name(String)

  /// The column in words.
  public var description: String {
    switch self {
    case .number(let number): "column \(number)"
    case .name(let name): "column '\(name)'"
    }
  }
}
