/// A place in the batches of a training run, kept in its checkpoint.
public struct DataPosition: Codable, Hashable, Sendable {
  /// The pass over the data, from 0.
  public var epoch: Int
  /// The batch of the pass, from 0.
  public var batch: Int

  /// A place.
  public init(epoch: Int = 0, batch: Int = 0) {
    self.epoch = epoch
    self.batch = batch
  }
}

/// The batches of one pass over some data, any of which can be made at any time.
public struct Epoch: Sendable {
  /// The number of the pass.
  public let number: Int
  /// How many batches there are.
  public let batchCount: Int
  private let make: @Sendable (Int) throws -> Batch

  /// Creates a pass from what makes a batch of its number.
  public init(
    number: Int, batchCount: Int, make: @escaping @Sendable (Int) throws -> Batch
  ) {
    self.number = number
    self.batchCount = batchCount
    self.make = make
  }

  /// The batch of a number below `batchCount`.
  public func batch(_ number: Int) throws -> Batch {
    precondition((0..<batchCount).contains(number), "batch \(number) of \(batchCount)")
    return try make(number)
  }
}

/// Batches of data, the same for the same number of pass on every machine.
public protocol BatchSource: Sendable {
  /// The batches of a pass.
  func epoch(_ number: Int) -> Epoch
}

/// Goes through the batches of pass after pass.
public struct BatchCursor: Sendable {
  private let source: any BatchSource
  /// The pass that `position` is in.
  public private(set) var epoch: Epoch
  /// The place of the batch that `next` gives.
  public private(set) var position: DataPosition

  /// Starts at a place; a run that is continued there gets the batches that it would have got.
  public init(_ source: any BatchSource, at position: DataPosition = DataPosition()) throws {
    self.source = source
    guard position.epoch >= 0, position.batch >= 0 else {
      throw DataPositionError(message: "a negative place in the data: \(position)")
    }
    epoch = source.epoch(position.epoch)
    self.position = position
    guard epoch.batchCount > 0 else { throw DataPositionError(message: "the data have no batch") }
    guard position.batch < epoch.batchCount else {
      throw DataPositionError(
        message: "batch \(position.batch) of epoch \(position.epoch) is asked for, which has "
          + "\(epoch.batchCount): the data or the batch size are others than before")
    }
  }

  /// The batch at `position`, which moves on, after the last of a pass to the next pass.
  public mutating func next() throws -> Batch {
    let batch = try epoch.batch(position.batch)
    position.batch += 1
    if position.batch == epoch.batchCount {
      position = DataPosition(epoch: position.epoch + 1)
      epoch = source.epoch(position.epoch)
    }
    return batch
  }
}

/// A place that the data do not have.
public struct DataPositionError: Error, CustomStringConvertible {
  /// What is wrong.
  public let message: String

  /// The message.
  public var description: String { message }
}
