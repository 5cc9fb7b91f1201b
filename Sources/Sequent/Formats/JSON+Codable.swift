import Foundation

/// A value as JSON text with sorted keys: equal values give equal texts.
func jsonText(of value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

// JSON has no word for what a metric or a gradient may be: NaN of a label that never came up, say.

extension JSONEncoder.NonConformingFloatEncodingStrategy {
  /// Numbers that are not finite as the strings "nan", "inf" and "-inf".
  static var words: Self {
    .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  }
}

extension JSONDecoder.NonConformingFloatDecodingStrategy {
  /// Numbers that are not finite from the strings "nan", "inf" and "-inf".
  static var words: Self {
    .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  }
}
