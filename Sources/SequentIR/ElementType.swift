/// What one element of a tensor is.
///
/// Every element takes four bytes in memory; a boolean is an int32 that is 0 or 1.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
  case float32 = "f32"
  case int32 = "i32"
  case bool = "bool"
}
