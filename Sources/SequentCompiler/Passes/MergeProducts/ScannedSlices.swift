import SequentIR

/// Lets a scan go over a whole value instead of over several column slices of it: the slices are
/// taken of each step's part.
///
///     %a = slice %m {axis = 2, …}          %y = scan %h0, %m {…}
///     %b = slice %m {axis = 2, …}     →      body(%h, %m) {
///     %y = scan %h0, %a, %b {…}                %a = slice %m {axis = 1, …}
///       body(%h, %a, %b) {                     %b = slice %m {axis = 1, …}
func withSlicesInScans(_ graph: Graph) throws -> Graph {
  try GraphRewriter.rewrite(graph) { rewriter, node, _ in
    guard case .scan(let scan) = node.operation else { return nil }
    let scanned = node.operands.dropFirst(scan.carryCount).prefix(scan.scannedCount)
    var sources: [Value] = []
    for operand in scanned {
      guard let source = graph.columnSlice(operand)?.source, !sources.contains(source),
        scanned.filter({ graph.columnSlice($0)?.source == source }).count > 1
      else { continue }
      sources.append(source)
    }
    guard !sources.isEmpty else { return nil }
    var parts = ScanParts(scan, operands: try rewriter.values(node.operands))
    var slices: [(source: Int, slice: Slice, slot: ScanParts.Slot)] = []
    let slots = zip(scanned, parts.scanned)
    parts.scanned = slots.filter { operand, slot in
      guard let (source, slice) = graph.columnSlice(operand),
        let position = sources.firstIndex(of: source)
      else { return true }
      slices.append((position, slice, slot))
      return false
    }.map(\.1)
    let firstNew = parts.carried.count + parts.scanned.count
    for source in sources {
      var type = graph.type(of: source)
      type.shape.remove(at: 1)
      parts.scanned.append(
        ScanParts.Slot(
          operand: try rewriter.value(source), type: type, name: graph.name(of: source),
          values: []))
    }
    let (operation, operands) = try parts.rebuilt { body, arguments in
      var replacements: [(old: Value, new: Value)] = []
      for (source, slice, slot) in slices {
        let whole = arguments[firstNew + source]
        let cut = Slice(
          axis: body.type(of: whole).lastAxis, start: slice.start, size: slice.size)
        let part = try body.append(.slice(cut), whole, name: slot.name)
        replacements += slot.values.map { ($0, part) }
      }
      return replacements
    }
    return try rewriter.append(operation, operands, replacing: node)
  }
}

extension Graph {
  /// The whole of which a value is a slice along the last axis, an axis that is not time.
  fileprivate func columnSlice(_ value: Value) -> (source: Value, slice: Slice)? {
    guard let node = producer(of: value), case .slice(let slice) = node.operation,
      slice.axis == type(of: value).lastAxis, slice.axis >= 2
    else { return nil }
    return (node.operands[0], slice)
  }
}
