/// How many elements have to be inserted, removed or replaced to make one sequence of the other
/// (Levenshtein, 1966).
func editDistance<Element: Equatable>(_ first: [Element], _ second: [Element]) -> Int {
  // distances[j]: between what was read of `first` and the first j elements of `second`.
  var distances = Array(0...second.count)
  for (i, element) in first.enumerated() {
    var diagonal = distances[0]
    distances[0] = i + 1
    for j in second.indices {
      let replaced = diagonal + (element == second[j] ? 0 : 1)
      diagonal = distances[j + 1]
      distances[j + 1] = min(replaced, diagonal + 1, distances[j] + 1)
    }
  }
  return distances[second.count]
}
