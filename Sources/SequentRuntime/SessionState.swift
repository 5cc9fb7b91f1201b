import SequentCompiler
import SequentIR

/// What a session keeps between calls, at one moment.
public struct SessionState: Hashable, Sendable {
  /// The states by name; none for a session that has not run since it was reset.
  public let tensors: [String: TensorData]

  /// Creates a state.
  public init(tensors: [String: TensorData]) { self.tensors = tensors }
}

/// Whether a session's state means something yet, and for which sizes.
struct StateTracker {
  /// Whether the states are more than zeros.
  var hasRun = false
  /// The shapes that they have.
  var shapes: [String: [Int]] = [:]
  /// What to start from once sizes are known.
  private var pending: SessionState?

  /// Makes the states ready for a plan: zeros at first; later the sizes must stay.
  mutating func prepare(_ ports: [Plan.Port], _ session: Session) throws {
    for port in ports {
      let shape = port.view.shape
      if hasRun, let known = shapes[port.name], known != shape {
        throw RuntimeError(
          "state '\(port.name)' is \(known) from earlier calls, these sizes make it \(shape); reset "
            + "the session first")
      }
    }
    guard !hasRun else { return }
    for port in ports {
      shapes[port.name] = port.view.shape
      let base = try session.base(.state(port.name))
      if let tensor = pending?.tensors[port.name] {
        guard tensor.shape == port.view.shape else {
          throw RuntimeError(
            "state '\(port.name)' was restored as \(tensor.shape), these sizes make it "
              + "\(port.view.shape)")
        }
        tensor.write(to: base)
      } else {
        base.initializeMemory(as: UInt8.self, repeating: 0, count: port.view.count * 4)
      }
    }
  }

  mutating func start(from state: SessionState?) {
    (hasRun, pending) = (false, state)
  }
}

extension Session {
  /// Whether the states hold what calls have left, so that their sizes stay; else they are zeros.
  public var hasState: Bool { states.hasRun }

  /// Makes every state zeros again.
  public func reset() throws {
    states.start(from: nil)
    if let plan { try states.prepare(plan.states, self) }
  }

  /// A copy of every state.
  public func snapshot() throws -> SessionState {
    guard let plan else { return SessionState(tensors: [:]) }
    var tensors: [String: TensorData] = [:]
    for port in plan.states {
      tensors[port.name] = try TensorData(
        port.type.elementType, shape: port.view.shape, from: try base(.state(port.name)))
    }
    return SessionState(tensors: tensors)
  }

  /// Goes on from a copy, of this or another session of the function.
  ///
  /// - Throws: `RuntimeError` for a state that the function does not have, or of another type.
  public func restore(_ state: SessionState) throws {
    for (name, tensor) in state.tensors {
      guard let type = function.inputs.first(where: { $0.name == name })?.type,
        function.states.values.contains(name)
      else {
        throw RuntimeError.unknown("state", name, among: function.states.values.sorted())
      }
      var sizes = Bindings()
      guard tensor.elementType == type.elementType else {
        throw RuntimeError("state '\(name)' is \(tensor.elementType.rawValue), expected \(type)")
      }
      do {
        try sizes.bind(type.shape, to: tensor.shape, of: name)
      } catch {
        throw RuntimeError("state \(error.description); its type is \(type)")
      }
    }
    states.start(from: state)
    // Other sizes are taken up by the next call.
    guard let plan, plan.states.allSatisfy({ state.fits($0) }) else { return unbind() }
    try states.prepare(plan.states, self)
  }
}

extension SessionState {
  fileprivate func fits(_ port: Plan.Port) -> Bool {
    tensors[port.name].map { $0.shape == port.view.shape } ?? true
  }
}
