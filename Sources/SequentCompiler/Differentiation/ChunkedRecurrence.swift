import SequentIR

/// Of which steps the forward pass keeps what the backward pass needs.
public enum SavedSteps: Hashable, Sendable {
  /// Of all: nothing is computed twice.
  case all
  /// The carried state before every Nth step. The N steps from there are run again on the way back,
  /// one chunk at a time, so that of all else only one chunk's worth is in memory.
  case every(Int)
}

/// A graph whose recurrences run in chunks of N steps: a scan over chunks, each the recurrence itself
/// over the steps of its chunk.
///
///     %h, %y = scan %h0, %x, %w, %lengths    %c      = split_time %x {steps = 8}
///                                            %n      = chunk_lengths %lengths
///                                            %h, %cy = scan %h0, %c, %n, %w {time = "time/8"}
///                                              body … { %h, %y = scan %h, %c, %w, %n … }
///                                            %y      = join_time %cy {time = time}
///
/// Without lengths, those of the chunks say how much of the last one there is.
/// Recurrences whose time is a sum of symbols, or that carry what has no row for every row of the
/// batch, stay as they are.
struct ChunkedRecurrence {
  /// The graph with scans over chunks.
  let graph: Graph
  /// The positions of the scans over chunks.
  let positions: Set<Int>

  init(_ source: Graph, steps: Int) throws(TypeError) {
    var rewriting = Rewriting(source, steps: steps)
    for node in source.nodes { try rewriting.add(node) }
    rewriting.builder.graph.results = source.results.map { rewriting.translate($0) }
    graph = rewriting.builder.graph
    positions = rewriting.positions
  }
}

private struct Rewriting {
  var builder = GradientBuilder(Graph())
  var positions: Set<Int> = []
  private let source: Graph
  private let steps: Int
  private var mapping: [Value: Value] = [:]

  init(_ source: Graph, steps: Int) {
    self.source = source
    self.steps = steps
    for argument in source.arguments {
      mapping[argument] = builder.graph.addArgument(
        source.type(of: argument), name: source.name(of: argument))
    }
  }

  mutating func translate(_ value: Value) -> Value {
    if let new = mapping[value] { return new }
    return builder.graph.parameter(source.name(of: value), source.type(of: value))
  }

  mutating func add(_ node: Node) throws(TypeError) {
    builder.origin = node.origin
    let names = node.results.map(source.name(of:))
    var operands: [Value] = []
    for operand in node.operands { operands.append(translate(operand)) }
    let results: [Value]
    switch node.operation {
    case .scan(let scan) where isChunkable(scan, operands):
      results = try chunked(Recurrence(scan, operands, steps: steps), names)
    case .recurrentSequence(let layer) where isCut(builder.type(of: operands[0]).shape[1]):
      results = try chunked(layer, operands, names)
    default:
      results = try builder.graph.append(
        node.operation, operands, names: names, origin: node.origin)
    }
    for (old, new) in zip(node.results, results) { mapping[old] = new }
  }

  /// Whether a time is longer than a chunk, as far as is known, and can be cut.
  private func isCut(_ time: Dimension) -> Bool {
    time.staticSize ?? Int.max > steps && time.dividedRoundingUp(by: steps) != nil
  }

  private func isChunkable(_ scan: Scan, _ operands: [Value]) -> Bool {
    let rows = operands.prefix(scan.carryCount + scan.scannedCount).map { builder.type(of: $0) }
    guard isCut(scan.time), let batch = rows.first?.shape.first else { return false }
    return (rows + scan.body.types(of: scan.body.results)).allSatisfy { $0.shape.first == batch }
  }

  // MARK: - Chunks

  /// A layer's directions one by one; their outputs side by side.
  private mutating func chunked(
    _ layer: FusedRecurrentSequence, _ operands: [Value], _ names: [String]
  ) throws(TypeError) -> [Value] {
    var outputs: [Value] = []
    var finals: [Value] = []
    for (direction, isReversed) in zip(layer.directions(operands), layer.isReversed) {
      let one = FusedRecurrentSequence(
        cell: layer.cell, isReversed: [isReversed], hasBias: layer.hasBias,
        hasHiddenBias: layer.hasHiddenBias, hasLengths: true)
      let weights = [direction.inputWeights, direction.hiddenWeights]
      let recurrence = Recurrence(
        time: builder.type(of: operands[0]).shape[1], isReversed: isReversed,
        states: direction.initialState, scanned: [operands[0]],
        invariants: weights + [direction.bias, direction.hiddenBias].compactMap { $0 },
        lengths: layer.hasLengths ? operands.last : nil
      ) { (b, operands, lengths) throws(TypeError) in
        let results = try b.graph.append(
          .recurrentSequence(one), operands[1] + operands[2] + operands[0] + [lengths],
          origin: b.origin)
        return Array(results.dropFirst()) + [results[0]]
      }
      let results = try chunked(recurrence, Array(names.dropFirst()) + [names[0]])
      outputs.append(results[results.count - 1])
      finals += results.dropLast()
    }
    let output =
      outputs.count == 1
      ? outputs[0]
      : try builder.graph.append(
        .concatenate(Concatenate(axis: 2)), outputs, names: [names[0]], origin: builder.origin)[0]
    return [output] + finals
  }

  private mutating func chunked(
    _ recurrence: Recurrence, _ names: [String]
  ) throws(TypeError) -> [Value] {
    let time = recurrence.time
    guard let chunks = time.dividedRoundingUp(by: steps), let first = recurrence.states.first,
      let batch = builder.type(of: first).shape.first
    else { throw TypeError("\(time) steps cannot be cut into chunks of \(steps)") }
    var scanned: [Value] = []
    for value in recurrence.scanned {
      scanned.append(try builder.emit(.splitTime(SplitTime(steps: steps)), value, name: "chunks"))
    }
    scanned.append(try chunkLengths(recurrence.lengths, batch: batch, time))

    var body = GradientBuilder(Graph())
    body.origin = builder.origin
    func arguments(_ values: [Value], isScanned: Bool = false) -> [Value] {
      values.map { value in
        var type = builder.type(of: value)
        if isScanned { type.shape.remove(at: 1) }
        return body.graph.addArgument(type, name: builder.graph.name(of: value))
      }
    }
    let states = arguments(recurrence.states)
    var slices = arguments(scanned, isScanned: true)
    let lengths = slices.removeLast()
    let invariants = arguments(recurrence.invariants)
    body.graph.results = try recurrence.step(&body, [states, slices, invariants], lengths)

    let scan = Scan(
      time: chunks, carryCount: states.count, scannedCount: scanned.count,
      isReversed: recurrence.isReversed, body: body.graph)
    positions.insert(builder.graph.nodes.count)
    let results = try builder.graph.append(
      .scan(scan), recurrence.states + scanned + recurrence.invariants, names: names,
      origin: builder.origin)
    var joined = Array(results.prefix(states.count))
    for output in results.dropFirst(states.count) {
      joined.append(try builder.emit(.joinTime(JoinTime(time: time)), output))
    }
    return joined
  }

  /// Every row's number of steps in every chunk, i32 `[batch, chunks]`.
  private mutating func chunkLengths(
    _ lengths: Value?, batch: Dimension, _ time: Dimension
  ) throws(TypeError) -> Value {
    let whole: Value
    if let lengths {
      whole = lengths
    } else {
      let time = try builder.emit(.cast(Cast(.int32)), builder.emit(.size(Size([time]))))
      whole = try builder.emit(.broadcast(Broadcast([batch])), time)
    }
    return try builder.emit(
      .chunkLengths(ChunkLengths(time: time, steps: steps)), whole, name: "chunk_lengths")
  }
}

/// A recurrence taken apart: the operands of a scan, and the operation for one chunk.
private struct Recurrence {
  let time: Dimension
  let isReversed: Bool
  let states: [Value]
  let scanned: [Value]
  let invariants: [Value]
  let lengths: Value?
  /// From states, scanned inputs, invariants and lengths of a chunk to states and outputs.
  let step:
    (_ b: inout GradientBuilder, _ operands: [[Value]], _ lengths: Value)
      throws(TypeError) -> [Value]
}

extension Recurrence {
  /// A scan over the steps of a chunk.
  init(_ scan: Scan, _ operands: [Value], steps: Int) {
    var rest = operands[...]
    func take(_ count: Int) -> [Value] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    (time, isReversed) = (scan.time, scan.isReversed)
    states = take(scan.carryCount)
    scanned = take(scan.scannedCount)
    invariants = take(scan.invariantCount)
    lengths = rest.first
    let chunk = Scan(
      time: Dimension(constant: steps), carryCount: scan.carryCount,
      scannedCount: scan.scannedCount, isReversed: scan.isReversed, hasLengths: true,
      body: scan.body)
    step = { (b, operands, lengths) throws(TypeError) in
      try b.graph.append(.scan(chunk), operands.flatMap { $0 } + [lengths], origin: b.origin)
    }
  }
}
