import Kernels

/// Shortlists of a product's columns: what of them may be the largest.
public enum Shortlist {
  /// Whether one pays: more rows take as long as the whole product, and fewer weights stay in the caches,
  /// where it is about as fast.
  @Sendable public static func pays(rows: Int, weights: Int) -> Bool {
    (1...Int(KN_SHORTLIST_MAX_ROWS)).contains(rows) && weights >= 1 << 20
  }
}
