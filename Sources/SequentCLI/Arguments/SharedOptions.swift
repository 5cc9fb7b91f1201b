import Sequent

/// Options that several commands have.
enum SharedOptions {
  /// Sizes of named dimensions, one each.
  static let dimension = Option<DimensionSizes>(
    "dim", "NAME=SIZE", isRepeatable: true, help: "the size of a named dimension"
  ) { text throws(UsageError) in try DimensionSizes(text) }

  /// Sizes of named dimensions, every combination of them.
  static let dimensions = Option<DimensionSizes>(
    "dim", "NAME=SIZE,...", isRepeatable: true,
    help: "sizes of a named dimension; every combination is timed"
  ) { text throws(UsageError) in try DimensionSizes(text) }

  /// How many threads.
  static let threads = Option<Int>(
    "threads", "N",
    help: "the most threads to use; SEQUENT_NUM_THREADS, or the CPUs there are, when left out"
  ) { text throws(UsageError) in try wholeNumber(text, in: 1...4096) }

  /// How matrices are stored.
  static let weightsType = Option<WeightsType>(
    "weights-type",
    help: "what matrices are rounded to; bf16 takes half the memory, and products are still summed "
      + "in f32")

  /// Which entry point.
  static let function = Option<String>("function", "NAME", help: "the function; main when left out")
}
