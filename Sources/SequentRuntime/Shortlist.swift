import Kernels

/// Shortlists of a product's columns: what of them may be the largest.
public enum Shortlist {
  /// The most rows that one is searched for: more take as long as the whole product.
  public static let maximumRows = Int(KN_SHORTLIST_MAX_ROWS)
}
