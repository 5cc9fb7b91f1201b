import SequentCompiler
import SequentIR

extension Session {
  /// Makes the rows of the states some of those that they have, in this order: rows leave, fork and
  /// change places.
  ///
  /// - Parameters:
  ///   - rows: for every row afterwards, which row it was.
  ///   - dimension: the dimension that counts rows; states that don't have it stay as they are.
  /// - Throws: `RuntimeError` for a row that there is not.
  public func selectStates(rows: [Int], of dimension: Dimension) throws {
    let names = Set(function.states.values)
    for (name, type) in function.inputs where names.contains(name) {
      guard let axis = type.shape.firstIndex(of: dimension) else { continue }
      guard states.hasRun, let shape = states.shapes[name] else {
        throw RuntimeError("state '\(name)' has no rows yet: run \(function.name) first")
      }
      let known = shape[axis]
      if let row = rows.first(where: { $0 < 0 || $0 >= known }) {
        throw RuntimeError("state '\(name)' has no row \(row), it is \(shape)")
      }
      if rows.elementsEqual(0..<known) { continue }
      let rowBytes = shape[(axis + 1)...].reduce(4, *)
      let blocks = shape[..<axis].reduce(1, *)
      let bytes = blocks * rows.count * rowBytes
      let gathered = try room(bytes, for: "the rows of '\(name)'")
      let old = try base(.state(name))
      for block in 0..<blocks {
        for (place, row) in rows.enumerated() {
          (gathered + (block * rows.count + place) * rowBytes).copyMemory(
            from: old + (block * known + row) * rowBytes, byteCount: rowBytes)
        }
      }
      try makeRoom(bytes, in: .state(name), for: "state '\(name)' of \(rows.count) rows")
      try base(.state(name)).copyMemory(from: gathered, byteCount: bytes)
      states.shapes[name]?[axis] = rows.count
      if rows.count != known { unbind() }
    }
  }

  /// Copies what another session's last run gave into an input, or into a state that goes on from it.
  ///
  /// - Throws: `RuntimeError` when the two differ in type or size.
  public func copy(_ output: String, of other: Session, to name: String) throws {
    let source = other.plan?.outputs.first { $0.name == output }
    guard let source else {
      throw RuntimeError.unknown("output", output, among: other.function.resultNames)
    }
    let state = plan?.states.first { $0.name == name }
    guard let target = state ?? plan?.inputs.first(where: { $0.name == name }) else {
      throw RuntimeError.unknown("input", name, among: function.inputNames)
    }
    guard source.view.shape == target.view.shape,
      source.type.elementType == target.type.elementType
    else {
      throw RuntimeError(
        "'\(name)' is \(target.type.elementType.rawValue)\(target.view.shape), "
          + "'\(output)' of \(other.function.name) gives "
          + "\(source.type.elementType.rawValue)\(source.view.shape)")
    }
    try base(state == nil ? .input(name) : .state(name)).copyMemory(
      from: try other.base(.output(output)), byteCount: target.view.count * 4)
    if state != nil { states.hasRun = true }
  }

  /// Makes the states those of another session, from now on: what one changes, the other sees.
  ///
  /// Both functions have states of the same names and types. When one session gives its states another
  /// size, they are its own again.
  ///
  /// - Throws: `RuntimeError` for a state that the other does not have, or has of another type.
  public func shareStates(of other: Session) throws {
    let (mine, others) = (function.stateTypes, other.function.stateTypes)
    for (name, type) in mine {
      guard let found = others.first(where: { $0.name == name }) else {
        throw RuntimeError.unknown("state", name, among: others.map(\.name))
      }
      guard found.type == type, other.states.shapes[name] != nil else {
        throw RuntimeError(
          "state '\(name)' is \(type), in \(other.function.name) \(found.type)"
            + (found.type == type ? " without a size yet" : ""))
      }
    }
    for (name, _) in mine { try adoptMemory(of: .state(name), from: other) }
    // From now on they are what somebody wrote, and stay.
    other.states.hasRun = true
    states = other.states
  }

  /// Memory for a moment.
  private func room(
    _ bytes: Int, for what: @autoclosure () -> String
  ) throws -> UnsafeMutableRawPointer {
    if let scratch, scratch.bytes >= bytes { return scratch.base }
    let new = try Memory(bytes: bytes, for: what())
    scratch = new
    return new.base
  }
}

extension Function {
  /// The names and types of the states.
  fileprivate var stateTypes: [(name: String, type: TensorType)] {
    let names = Set(states.values)
    return inputs.filter { names.contains($0.name) }
  }
}
