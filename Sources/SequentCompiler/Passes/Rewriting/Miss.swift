/// The first reason why a candidate does not match: the end of a sentence.
struct Miss: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
