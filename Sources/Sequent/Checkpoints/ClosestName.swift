/// The candidate that a name was most likely meant to be; nil when none is close.
package func closest(to name: String, among candidates: [String]) -> String? {
  candidates.map { (distance: editDistance(Array(name.utf8), Array($0.utf8)), name: $0) }
    .filter { $0.distance <= max(2, name.utf8.count / 4) }
    .min { $0.distance < $1.distance }?.name
}
