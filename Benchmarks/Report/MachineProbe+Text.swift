import SequentRuntime

extension MachineProbe {
  /// The limits as a table.
  public var table: String {
    var table = TextTable(
      titles: ["\(instructionSet)", "one thread", "\(threads) threads", "unit"])
    let giga = { (value: Double) in fixed(value / 1e9, 1) }
    table.append(["multiply-add", giga(multiplyAdd.one), giga(multiplyAdd.all), "GFLOP/s"])
    if let rate = multiplyAddBfloat16 {
      table.append(["multiply-add, bf16", giga(rate.one), giga(rate.all), "GFLOP/s"])
    }
    for (name, rate) in reads {
      table.append(["read from \(name)", giga(rate.one), giga(rate.all), "GB/s"])
    }
    table.append(["barrier", "", fixed(barrierNanoseconds, 0), "ns"])
    table.append(["empty program", "", fixed(executeNanoseconds, 0), "ns"])
    return table.text
  }
}
