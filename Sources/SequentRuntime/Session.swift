import Kernels
import SequentCompiler
import SequentIR

/// A function that runs again and again, with its own memory and its own state.
///
/// One thread at a time may use a session; sessions of an executable run side by side. Plans are
/// kept by sizes: after the first run of some sizes nothing is planned, packed or allocated.
public final class Session {
  /// What runs.
  public let function: Function
  private let policy: ThreadPolicy
  private let executable: Executable
  private var current: Bound?
  private var programs: [Bindings: Bound] = [:]
  private var arena: Memory?
  /// Memory of inputs, outputs and states, by name; it only grows.
  private var memory: [Plan.Storage: Memory] = [:]
  var states = StateTracker()
  /// Where rows of states are gathered; it only grows.
  var scratch: Memory?
  private let inputNames: [String]

  /// A plan with pointers into this session's memory.
  private struct Bound {
    let plan: BoundPlan
    let program: Program
  }

  init(_ executable: Executable, _ function: Function, _ policy: ThreadPolicy) {
    (self.executable, self.function, self.policy) = (executable, function, policy)
    let states = Set(function.states.values)
    inputNames = function.inputs.map(\.name).filter { !states.contains($0) }
  }

  // MARK: - Running on tensors

  /// Runs the function on tensors by name; the sizes follow from their shapes.
  ///
  /// - Returns: every result that is not a state, by name.
  /// - Throws: `RuntimeError` naming the input that is missing, unknown or does not fit.
  public func run(_ inputs: [String: TensorData]) throws -> [String: TensorData] {
    try load(inputs)
    try run()
    guard let current else { return [:] }
    var outputs: [String: TensorData] = [:]
    for port in current.plan.plan.outputs { outputs[port.name] = try output(port.name) }
    return outputs
  }

  /// A copy of what an output holds after a run.
  public func output(_ name: String) throws -> TensorData {
    let port = try port(name, in: \.outputs, "output", function.resultNames)
    return try TensorData(
      port.type.elementType, shape: port.view.shape, from: try base(.output(name)))
  }

  /// Makes ready for tensors by name and copies them into the inputs; for the sizes of the run
  /// before, nothing is allocated.
  ///
  /// - Parameter others: inputs that the caller fills itself, with `withInput`.
  public func load(_ inputs: [String: TensorData], besides others: [String] = []) throws {
    if !isReady(for: inputs, besides: others) {
      try bind(try bindings(of: inputs, besides: others))
    }
    guard let current else { return }
    for port in current.plan.plan.inputs {
      if let tensor = inputs[port.name] { tensor.write(to: try base(.input(port.name))) }
    }
  }

  /// Whether tensors are the inputs, of the present sizes.
  private func isReady(for inputs: [String: TensorData], besides others: [String]) -> Bool {
    guard let current, inputs.count + others.count == inputNames.count else { return false }
    for port in current.plan.plan.inputs where !others.contains(port.name) {
      guard let tensor = inputs[port.name], tensor.elementType == port.type.elementType,
        tensor.shape == port.view.shape
      else { return false }
    }
    return true
  }

  /// The sizes that tensors imply.
  private func bindings(
    of inputs: [String: TensorData], besides others: [String]
  ) throws -> Bindings {
    for name in inputs.keys.sorted() where !inputNames.contains(name) {
      if function.states.values.contains(name) {
        throw RuntimeError("'\(name)' is a state of the session, not an input")
      }
      throw RuntimeError.unknown("input", name, among: inputNames)
    }
    var bindings = Bindings()
    for (name, type) in function.inputs
    where inputNames.contains(name) && !others.contains(name) {
      guard let tensor = inputs[name] else {
        throw RuntimeError("input '\(name)' is missing: \(type)")
      }
      guard tensor.elementType == type.elementType else {
        throw RuntimeError(
          "input '\(name)' is \(tensor.elementType.rawValue), expected \(type)")
      }
      do {
        try bindings.bind(type.shape, to: tensor.shape, of: name)
      } catch {
        throw RuntimeError("input \(error.description); its type is \(type)")
      }
    }
    // Sizes that only states have are those of the calls before.
    for (_, type) in function.inputs {
      for symbol in type.shape.flatMap(\.symbols) where bindings[symbol] == nil {
        bindings[symbol] = plan?.bindings[symbol]
      }
    }
    return bindings
  }

  // MARK: - Running in place

  /// Makes ready for given sizes: memory for inputs and outputs is there afterwards, and stays.
  public func bind(_ sizes: Bindings) throws {
    if let current, current.plan.plan.bindings == sizes { return }
    if let known = programs[sizes] {
      try states.prepare(known.plan.plan.states, self)
      current = known
      return
    }
    let bound: BoundPlan
    do {
      bound = try executable.boundPlan(function, sizes, threads: threads)
    } catch let error as BindingError {
      throw RuntimeError("\(function.name): \(error)")
    } catch let error as LoweringError {
      throw RuntimeError("\(function.name): \(error)")
    }
    try makeRoom(for: bound.plan)
    try states.prepare(bound.plan.states, self)
    let bases = bound.plan.buffers.map { buffer -> UnsafeMutableRawPointer? in
      switch buffer.storage {
      case .arena: arena.map { $0.base + buffer.offset }
      case .constant(let constant): bound.constants[constant]?.base
      case .input, .output, .state: memory[buffer.storage]?.base
      }
    }
    let program = Program(bound.plan, bases: bases, policy)
    let result = Bound(plan: bound, program: program)
    if programs.count >= Self.programLimit { programs = [:] }
    programs[sizes] = result
    current = result
  }

  private static let programLimit = 64

  /// Grows memory that is too small.
  ///
  /// Programs that point to what it was are let go.
  private func makeRoom(for plan: Plan) throws {
    if plan.arenaBytes > arena?.bytes ?? -1 {
      (arena, programs, current) = (nil, [:], nil)
      arena = try Memory(bytes: plan.arenaBytes, for: "\(function.name) at \(plan.bindings.text)")
    }
    for buffer in plan.buffers {
      switch buffer.storage {
      case .input(let name), .output(let name), .state(let name):
        try makeRoom(buffer.bytes, in: buffer.storage, for: "'\(name)' at \(plan.bindings.text)")
      case .arena, .constant: continue
      }
    }
  }

  /// Replaces memory that is too small by larger memory, of zeros.
  func makeRoom(
    _ bytes: Int, in storage: Plan.Storage, for what: @autoclosure () -> String
  ) throws {
    guard bytes > memory[storage]?.bytes ?? -1 else { return }
    (programs, current) = ([:], nil)
    let new = try Memory(bytes: bytes, for: what())
    new.clear()
    memory[storage] = new
  }

  /// Uses another session's memory for a named tensor.
  func adoptMemory(of storage: Plan.Storage, from other: Session) throws {
    guard let shared = other.memory[storage], shared !== memory[storage] else { return }
    (programs, current) = ([:], nil)
    memory[storage] = shared
  }

  /// Runs the function on what its inputs hold; nothing is allocated.
  public func run() throws {
    try run(isTimed: false)
  }

  func run(isTimed: Bool) throws {
    guard let current else { throw RuntimeError("\(function.name) has no sizes yet: call bind") }
    guard kn_isa_active() == executable.instructionSet else {
      throw RuntimeError(
        "weights are packed for \(String(cString: kn_isa_name(executable.instructionSet))), but "
          + "\(String(cString: kn_isa_name(kn_isa_active()))) is chosen now")
    }
    current.program.run(isTimed: isTimed)
    states.hasRun = true
    if let (position, report) = current.program.firstReport {
      throw current.plan.plan.error(position, report)
    }
  }

  /// Calls `body` with an input's elements, dense and row-major, to be filled.
  public func withInput<Element: TensorElement, Result>(
    _ name: String, as type: Element.Type,
    _ body: (inout MutableSpan<Element>) throws -> Result
  ) throws -> Result {
    let port = try port(name, in: \.inputs, "input", inputNames)
    var span = try elements(of: port, .input(name), as: type).mutableSpan
    return try body(&span)
  }

  /// Calls `body` with an output's elements, dense and row-major.
  public func withOutput<Element: TensorElement, Result>(
    _ name: String, as type: Element.Type,
    _ body: (Span<Element>) throws -> Result
  ) throws -> Result {
    let port = try port(name, in: \.outputs, "output", function.resultNames)
    return try body(UnsafeBufferPointer(try elements(of: port, .output(name), as: type)).span)
  }

  /// Calls `body` with the elements of an f32 input, to be filled.
  public func withInput<Result>(
    _ name: String, _ body: (inout MutableSpan<Float>) throws -> Result
  ) throws -> Result {
    try withInput(name, as: Float.self, body)
  }

  /// Calls `body` with the elements of an f32 output.
  public func withOutput<Result>(
    _ name: String, _ body: (Span<Float>) throws -> Result
  ) throws -> Result {
    try withOutput(name, as: Float.self, body)
  }

  private func port(
    _ name: String, in ports: KeyPath<Plan, [Plan.Port]>, _ kind: String, _ names: [String]
  ) throws -> Plan.Port {
    guard let plan else { throw RuntimeError("\(function.name) has no sizes yet: call bind") }
    guard let port = plan[keyPath: ports].first(where: { $0.name == name }) else {
      throw RuntimeError.unknown(kind, name, among: names)
    }
    return port
  }

  private func elements<Element: TensorElement>(
    of port: Plan.Port, _ storage: Plan.Storage, as type: Element.Type
  ) throws -> UnsafeMutableBufferPointer<Element> {
    guard Element.represents(port.type.elementType) else {
      throw RuntimeError("'\(port.name)' is \(port.type), not made of \(Element.self)")
    }
    let start = try base(storage).assumingMemoryBound(to: Element.self)
    return UnsafeMutableBufferPointer(start: start, count: port.view.count)
  }

  /// Where a named tensor lies.
  func base(_ storage: Plan.Storage) throws -> UnsafeMutableRawPointer {
    guard let memory = memory[storage] else {
      throw RuntimeError("\(function.name) has no sizes yet: call bind")
    }
    return memory.base
  }

  /// Lets go of the present sizes.
  func unbind() { current = nil }

  // MARK: - What it is

  /// The most threads that run at once.
  public var threads: Int { policy.team }

  /// The plan for the present sizes.
  public var plan: Plan? { current?.plan.plan }

  /// The memory that it holds: the arena, inputs, outputs and states, at their largest so far.
  public var bytes: Int { memory.values.reduce(arena?.bytes ?? 0) { $0 + $1.bytes } }

  var currentProgram: Program? { current?.program }
}

extension Bindings {
  /// `batch = 2, time = 50`.
  fileprivate var text: String {
    sizes.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
  }
}
