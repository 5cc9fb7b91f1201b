/// How a parameter's first values are drawn.
///
/// A closed list of names, so that a module's text says it; the numbers behind them are drawn by
/// `Parameter.initialValues`, in the library. The inputs and outputs of a matrix are its two last
/// axes.
public enum InitializerKind: Hashable, Sendable {
  /// All zeros.
  case zeros
  /// All ones.
  case ones
  /// Uniform in ±bound.
  case uniform(bound: Float)
  /// Normal with mean 0.
  case normal(deviation: Float)
  /// Normal with mean 0, drawn again beyond two deviations.
  case truncatedNormal(deviation: Float)
  /// Glorot and Bengio (2010): uniform in ±√(6 / (inputs + outputs)).
  case xavierUniform
  /// Glorot and Bengio (2010): normal with deviation √(2 / (inputs + outputs)).
  case xavierNormal
  /// He et al. (2015): uniform in ±√(6 / inputs).
  case heUniform
  /// He et al. (2015): normal with deviation √(2 / inputs).
  case heNormal
  /// LeCun et al. (1998): uniform in ±√(3 / inputs).
  case lecunUniform
  /// LeCun et al. (1998): normal with deviation √(1 / inputs).
  case lecunNormal
  /// Saxe et al. (2014): a random matrix with orthonormal rows or columns, whichever are fewer.
  case orthogonal
  /// Columns of one orthogonal matrix that several parameters make up side by side: block `index` of
  /// `count`. The gates of a cell are such parameters in Keras.
  case orthogonalBlock(index: Int, count: Int)
}
