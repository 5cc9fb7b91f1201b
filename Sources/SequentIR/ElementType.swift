/// What one element of a tensor is.
///
/// Every element takes four bytes in memory; a boolean is an int32 that is 0 or 1.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
  case float32 = "f32"
  case int32 = "i32"
  case bool = "bool"

  /// Whether a number is one of the type: for an i32 whole and within 32 bits, for a bool 0 or 1.
  func holds(_ value: Double) -> Bool {
    switch self {
    case .float32: true
    case .int32: Int32(exactly: value) != nil
    case .bool: value == 0 || value == 1
    }
  }
}
