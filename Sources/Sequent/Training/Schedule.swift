import Foundation

/// The learning rate as a function of the step, and of how validation goes.
public struct Schedule: Codable, Hashable, Sendable {
  /// The shapes there are.
  public enum Shape: Codable, Hashable, Sendable {
    /// The peak all the way.
    case constant
    /// From the peak down to 0.
    case linear
    /// From the peak down to 0 along half a cosine (Loshchilov and Hutter, 2017).
    case cosine
    /// From peak/25 up to the peak in the first `share` of the steps and down to peak/250,000, both
    /// along half a cosine (Smith and Topin, 2018; PyTorch's `OneCycleLR`).
    case oneCycle(share: Double)
    /// The peak, times `factor` whenever the validation loss has not improved for `patience` epochs.
    case plateau(factor: Double, patience: Int)
  }

  /// The shape.
  public var shape: Shape
  /// The largest learning rate.
  public var peak: Double
  /// For so many steps the rate rises from 0 before the shape begins.
  public var warmUp: Int

  /// Creates a schedule.
  public init(_ shape: Shape = .constant, peak: Double, warmUp: Int = 0) {
    self.shape = shape
    self.peak = peak
    self.warmUp = warmUp
  }

  /// The learning rate of a step.
  ///
  /// - Parameters:
  ///   - step: from 0.
  ///   - total: how many steps there are in all.
  ///   - validation: the validation losses of the epochs so far.
  public func rate(step: Int, of total: Int, validation: [Double] = []) -> Double {
    if step < warmUp { return peak * Double(step + 1) / Double(warmUp) }
    let length = Double(max(total - warmUp, 1))
    let position = min(Double(step - warmUp) / length, 1)
    switch shape {
    case .constant: return peak
    case .linear: return peak * (1 - position)
    case .cosine: return peak * (1 + Foundation.cos(.pi * position)) / 2
    case .oneCycle(let share):
      // PyTorch counts to the last step, not past it.
      let last = Double(max(total - 1, 1))
      let top = share * Double(total) - 1
      let start = peak / 25
      if Double(step) <= top {
        return Self.cosine(from: start, to: peak, Double(step) / max(top, 1))
      }
      return Self.cosine(from: peak, to: start / 1e4, (Double(step) - top) / max(last - top, 1))
    case .plateau(let factor, let patience):
      return peak * pow(factor, Double(Self.plateaus(validation, patience: patience)))
    }
  }

  private static func cosine(from start: Double, to end: Double, _ position: Double) -> Double {
    end + (start - end) * (1 + Foundation.cos(.pi * min(position, 1))) / 2
  }

  /// How often a run of losses went `patience` epochs without a new best one.
  private static func plateaus(_ losses: [Double], patience: Int) -> Int {
    var (best, waiting, count) = (Double.infinity, 0, 0)
    for loss in losses {
      if loss < best {
        (best, waiting) = (loss, 0)
      } else {
        waiting += 1
        if waiting > patience { (waiting, count) = (0, count + 1) }
      }
    }
    return count
  }
}
