import SequentIR

/// The largest difference between the elements of tensors of the same names.
///
/// A NaN differs infinitely from a number and not from a NaN, and so do infinities of their kind.
func largestDifference(_ left: [String: TensorData], _ right: [String: TensorData]) -> Double {
  left.reduce(0) { largest, entry in
    guard let other = right[entry.key] else { return .infinity }
    return max(largest, largestDifference(HostTensor(entry.value), HostTensor(other)))
  }
}

/// The largest difference between the elements of two tensors; infinite for other shapes.
func largestDifference(_ left: HostTensor, _ right: HostTensor) -> Double {
  guard left.shape == right.shape else { return .infinity }
  var largest = 0.0
  for (a, b) in zip(left.values, right.values) where a != b && !(a.isNaN && b.isNaN) {
    let difference = abs(a - b)
    largest = max(largest, difference.isNaN ? .infinity : difference)
  }
  return largest
}
