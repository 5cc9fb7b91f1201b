/// The lines in which two texts differ, with three lines around them, as `diff -u` prints them.
public func unifiedDiff(from old: String, to new: String) -> String {
  let lines = editScript(
    old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init),
    new.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
  let context = 3
  var output: [String] = []
  var lastShown = -1
  for (position, line) in lines.enumerated() {
    let neighbours = lines[max(0, position - context)...min(lines.count - 1, position + context)]
    guard neighbours.contains(where: { $0.mark != " " }) else { continue }
    if lastShown + 1 != position || position == 0 {
      output.append("@@ -\(line.oldNumber) +\(line.newNumber) @@")
    }
    lastShown = position
    output.append(line.mark + line.text)
  }
  return output.joined(separator: "\n")
}

private struct DiffLine {
  let mark: String
  let text: String
  let oldNumber: Int
  let newNumber: Int
}

/// The lines of both texts in order, marked `-` (old only), `+` (new only) or ` `.
private func editScript(_ old: [String], _ new: [String]) -> [DiffLine] {
  let changes = new.difference(from: old)
  var removed: Set<Int> = []
  var inserted: Set<Int> = []
  for change in changes {
    switch change {
    case .remove(let offset, _, _): removed.insert(offset)
    case .insert(let offset, _, _): inserted.insert(offset)
    }
  }
  var script: [DiffLine] = []
  var (i, j) = (0, 0)
  while i < old.count || j < new.count {
    let isRemoved = removed.contains(i)
    let isInserted = !isRemoved && inserted.contains(j)
    let mark = isRemoved ? "-" : (isInserted ? "+" : " ")
    let text = isInserted ? new[j] : old[i]
    script.append(DiffLine(mark: mark, text: text, oldNumber: i + 1, newNumber: j + 1))
    if !isInserted { i += 1 }
    if !isRemoved { j += 1 }
  }
  return script
}
