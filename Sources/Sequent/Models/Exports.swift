import SequentCompiler
import SequentIR

// What a model's source names of the IR, so that `import Sequent` is enough.

/// The size of one axis: a constant, a name, or a sum.
public typealias Dimension = SequentIR.Dimension
/// What an element of a tensor is.
public typealias ElementType = SequentIR.ElementType
/// A tensor's values.
public typealias TensorData = SequentIR.TensorData
/// How a weight's first values are drawn.
public typealias InitializerKind = SequentIR.InitializerKind
/// Of which steps of its recurrences a model under training keeps what the gradient needs.
public typealias SavedSteps = SequentCompiler.SavedSteps
