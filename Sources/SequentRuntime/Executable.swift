import Kernels
import SequentCompiler
import SequentIR
import Synchronization

/// A compiled module with its weights: what sessions run.
///
/// Plans, packed weights and other constants are made once and shared by all sessions; any thread
/// may make sessions. The instruction set is the one active when the executable is made.
public final class Executable: Sendable {
  /// The module that runs.
  public let module: Module
  /// The instruction set that weights are packed for.
  let instructionSet: kn_isa
  private let state: Mutex<State>
  /// So many plans are kept: a server that sees every length from 1 to 512 must not keep them all.
  private static let planLimit = 128

  private struct State {
    var constants: ConstantStore
    var plans: [PlanKey: (plan: BoundPlan, use: Int)] = [:]
    var uses = 0
  }

  private struct PlanKey: Hashable {
    var function: String
    var bindings: Bindings
    var threads: Int
  }

  /// Creates an executable.
  ///
  /// - Throws: `RuntimeError` for a parameter that the weights lack or that has another type.
  public init(_ module: Module, weights: any ParameterSource) throws {
    for parameter in module.parameters {
      guard let (elementType, shape) = weights.parameterType(parameter.name) else {
        throw RuntimeError("the weights have no '\(parameter.name)': \(parameter.type)")
      }
      guard elementType == parameter.type.elementType, shape == parameter.type.staticShape else {
        throw RuntimeError(
          "'\(parameter.name)' is \(elementType.rawValue)\(shape) in the weights, expected "
            + "\(parameter.type)")
      }
    }
    self.module = module
    instructionSet = kn_isa_active()
    let store = ConstantStore(
      weights, .kernels(threads: try ThreadPolicy.teamSize(explicit: nil)))
    state = Mutex(State(constants: store))
  }

  /// A new session of a function.
  ///
  /// - Parameter threads: the most to use; by default SEQUENT_NUM_THREADS, or the CPUs that the
  ///   process may use.
  public func session(function: String = "main", threads: Int? = nil) throws -> Session {
    guard let found = module.function(function) else {
      throw RuntimeError.unknown("function", function, among: module.functions.map(\.name))
    }
    let policy = ThreadPolicy(team: try ThreadPolicy.teamSize(explicit: threads))
    return Session(self, found, policy)
  }

  /// The plan of a function for sizes, with its constants in memory.
  public func plan(
    function: String = "main", _ bindings: Bindings, threads: Int = 1
  ) throws -> Plan {
    guard let found = module.function(function) else {
      throw RuntimeError.unknown("function", function, among: module.functions.map(\.name))
    }
    return try boundPlan(found, bindings, threads: threads).plan
  }

  func boundPlan(_ function: Function, _ bindings: Bindings, threads: Int) throws -> BoundPlan {
    let key = PlanKey(function: function.name, bindings: bindings, threads: threads)
    return try state.withLock { state in
      state.uses += 1
      if let known = state.plans[key]?.plan {
        state.plans[key]?.use = state.uses
        return known
      }
      let target = Target.kernels(threads: threads)
      let plan = try Lowering.plan(
        function, bindings, target, constants: &state.constants.pool)
      var memory: [Int: Memory] = [:]
      for constant in plan.constants {
        memory[constant] = try state.constants.memory(of: constant)
      }
      let bound = BoundPlan(plan: plan, constants: memory)
      if state.plans.count >= Self.planLimit,
        let oldest = state.plans.min(by: { $0.value.use < $1.value.use })
      {
        state.plans[oldest.key] = nil
      }
      state.plans[key] = (bound, state.uses)
      return bound
    }
  }
}

/// A plan and the constants that it needs.
final class BoundPlan: Sendable {
  let plan: Plan
  let constants: [Int: Memory]

  init(plan: Plan, constants: [Int: Memory]) {
    self.plan = plan
    self.constants = constants
  }
}

extension Plan {
  /// What a kernel's report means to whoever gave the input.
  func error(_ position: Int, _ report: KernelCall.Report) -> RuntimeError {
    let instruction = instructions[position]
    let word = report.status.pointee.first
    let value = Int32(bitPattern: UInt32(truncatingIfNeeded: word))
    let source = sources.indices.contains(instruction.origin) ? sources[instruction.origin] : nil
    let place = source.map { " (\($0.mnemonic) %\($0.name) \($0.origin))" } ?? ""
    var name =
      switch report.kind {
      case .index: "indices"
      case .label: "labels"
      case .length: "lengths"
      }
    let operand = instruction.inputs[report.operand]
    if case .input(let input) = buffers[operand.buffer].storage { name = input }
    // The position counts in row-major order.
    var rest = Int(word >> 32)
    var index: [Int] = []
    for size in report.shape.reversed() {
      index.insert(rest % size, at: 0)
      rest /= size
    }
    let entry = "\(name)[\(index.map(String.init).joined(separator: ", "))] is \(value)"
    switch report.kind {
    case .index(let rows, _):
      return RuntimeError("\(entry), not a row of a table of \(rows) rows\(place)")
    case .label(let classes, _):
      return RuntimeError("\(entry), not one of \(classes) classes\(place)")
    case .length(let limit):
      return RuntimeError("\(entry), expected 0 to \(limit)\(place)")
    }
  }
}
