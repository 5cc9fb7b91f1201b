/// A value in a JSON file and where it is, so that what is wrong with it can be said.
struct FileValue {
  /// The file's name.
  let file: String
  /// The names on the way to the value, with dots between them; empty for the whole file.
  let path: String
  /// The value.
  let json: JSON

  private init(file: String, path: String, json: JSON) {
    (self.file, self.path, self.json) = (file, path, json)
  }

  /// The value that a file holds.
  init(_ contents: FileContents) throws {
    self.init(file: contents.name, path: "", json: try JSON(parsing: contents))
  }

  /// The member of a name; nil when there is none, or it is null.
  subscript(name: String) -> FileValue? {
    guard let value = json[name], value != .null else { return nil }
    return inside(name, value)
  }

  /// The member of a name.
  func required(_ name: String) throws -> FileValue {
    guard let value = self[name] else {
      throw problem(path.isEmpty ? "has no '\(name)'" : "there is no '\(name)' in it")
    }
    return value
  }

  /// The members, in their order.
  func members() throws -> [(name: String, value: FileValue)] {
    guard case .object(let members) = json else { throw expected("an object") }
    return members.map { ($0.name, inside($0.name, $0.value)) }
  }

  /// The elements.
  func elements() throws -> [FileValue] {
    guard let values = json.array else { throw expected("an array") }
    return values.enumerated().map { inside("\($0)", $1) }
  }

  func string() throws -> String {
    guard let value = json.string else { throw expected("a string") }
    return value
  }

  func bool() throws -> Bool {
    guard let value = json.bool else { throw expected("true or false") }
    return value
  }

  func number() throws -> Double {
    guard let value = json.number else { throw expected("a number") }
    return value
  }

  /// A number of things, or of one of them; few enough that products of three are numbers.
  func count(from least: Int = 0, to most: Int = FileValue.most) throws -> Int {
    guard let value = json.integer, (least...most).contains(value) else {
      throw expected("a whole number from \(least) to \(most)")
    }
    return value
  }

  /// No size in a configuration is larger.
  static let most = 1 << 20

  /// An error about the value.
  func problem(_ reason: String) -> FormatError {
    FormatError(file: file, subject: path.isEmpty ? nil : path, reason: reason)
  }

  /// The error that the value is something that Sequent does not have.
  func unsupported(_ supported: String) -> FormatError {
    problem("\(json.description.prefix(60)) is not supported; \(supported) is")
  }

  private func expected(_ what: String) -> FormatError {
    problem("\(json.brief), expected \(what)")
  }

  private func inside(_ name: String, _ value: JSON) -> FileValue {
    FileValue(file: file, path: path.isEmpty ? name : "\(path).\(name)", json: value)
  }
}
