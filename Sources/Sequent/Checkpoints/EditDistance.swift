/// How many characters have to be inserted, removed or replaced to make one text of the other.
func editDistance(_ first: some StringProtocol, _ second: some StringProtocol) -> Int {
  let (first, second) = (Array(first.utf8), Array(second.utf8))
  // distances[j]: between what was read of `first` and the first j characters of `second`.
  var distances = Array(0...second.count)
  for (i, character) in first.enumerated() {
    var diagonal = distances[0]
    distances[0] = i + 1
    for j in second.indices {
      let replaced = diagonal + (character == second[j] ? 0 : 1)
      diagonal = distances[j + 1]
      distances[j + 1] = min(replaced, diagonal + 1, distances[j] + 1)
    }
  }
  return distances[second.count]
}

/// The candidate that a name was most likely meant to be; nil when none is close.
package func closest(to name: String, among candidates: [String]) -> String? {
  candidates.map { (distance: editDistance(name, $0), name: $0) }
    .filter { $0.distance <= max(2, name.utf8.count / 4) }
    .min { $0.distance < $1.distance }?.name
}
