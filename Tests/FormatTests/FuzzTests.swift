import Foundation
import SequentIR
import Testing

@testable import Sequent

/// Damaged files are read or refused, whatever the damage: a crash would end the test run.
@Suite struct FuzzTests {
  private static let rounds = 3_000

  /// Everything that can be read from a file of tensors.
  private func readAll(_ source: some TensorSource) throws {
    for name in source.tensorNames {
      _ = source.description(of: name)
      _ = try? source.tensor(named: name)
    }
  }

  /// Calls `read` with damaged versions of valid contents: cut at every byte, and with bytes
  /// changed, removed, repeated and moved.
  private func damage(_ whole: [UInt8], seed: UInt64, _ read: (FileContents) throws -> Void) {
    func attempt(_ bytes: [UInt8]) {
      do { try read(FileContents(bytes: bytes, name: "fuzz")) } catch is FormatError {} catch {
        Issue.record("\(type(of: error)): \(error)")
      }
    }
    for count in whole.indices { attempt(Array(whole[..<count])) }
    var random = RepeatableGenerator(seed: seed)
    for _ in 0..<Self.rounds {
      var bytes = whole
      for _ in 0...Int.random(in: 0..<4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let other = Int.random(in: place..<min(bytes.count, place + 16), using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes[place] = [0, 0x7f, 0x80, 0xff][Int.random(in: 0..<4, using: &random)]
        case 3: bytes[place] = UInt8.random(in: 0x30...0x39, using: &random)
        case 4 where bytes.count > 32: bytes.removeSubrange(place..<other)
        default: bytes.insert(contentsOf: bytes[place..<other], at: place)
        }
      }
      attempt(bytes)
    }
  }

  @Test func safetensors() throws {
    let whole = try bytes(of: fixture("types.safetensors"))
    damage(whole, seed: 1) { try readAll(SafetensorsFile($0)) }
  }

  /// The header alone, where nearly every change matters.
  @Test func safetensorsHeader() throws {
    let metadata = #"{"__metadata__":{"k":"\u00e9\n"},"#
    let tensors =
      #""a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}"#
    let header = Array((metadata + tensors).utf8)
    damage(header, seed: 2) { contents in
      let header = contents.withUnsafeBytes { Array($0) }
      let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
      let data = [UInt8](repeating: 1, count: 16)
      try readAll(SafetensorsFile(FileContents(bytes: length + header + data, name: "fuzz")))
    }
  }

  @Test(arguments: ["v1.npy", "v3.npy"])
  func npy(name: String) throws {
    damage(try bytes(of: fixture(name)), seed: 3) { _ = try TensorData(npy: $0) }
  }

  @Test(arguments: ["arrays.npz", "keras-lstm.npz"])
  func npz(name: String) throws {
    damage(try bytes(of: fixture(name)), seed: 4) { try readAll(NPZFile($0)) }
  }

  @Test func json() throws {
    let text = #"{"a":[[1,2.5e-3],[-4,0]],"b":[true,false,null],"\u00e9\ud83d\ude00":"x\n"}"#
    damage(Array(text.utf8), seed: 5) { contents in
      let json = try JSON(parsing: contents)
      _ = json.description
      for type in ElementType.allCases {
        _ = try? TensorData(json: json["a"] ?? json, elementType: type).json
      }
    }
  }

  @Test(arguments: ["bert", "gpt2"])
  func tokenizer(name: String) throws {
    let whole = try bytes(of: fixture("tokenizers/\(name)/tokenizer.json"))
    // The vocabulary would be most of what is changed: a few of its tokens stand for all.
    let text = String(decoding: whole, as: UTF8.self)
    let start = try #require(text.range(of: #""model":"#)).upperBound
    let short =
      name == "bert"
      ? ###"{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"###
        + ###""[SEP]":3,"[MASK]":4,"a":5,"##b":6}}}"###
      : #"{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b",["ab","a"]]}}"#
    damage(Array((text[..<start] + short).utf8), seed: 7) { contents in
      let encoder = try TokenizerFile.encoding(contents).encoder()
      _ = encoder.decode(encoder.encode("ab [MASK] é漢", "b").tokens)
    }
  }

  @Test func vocabularies() throws {
    let lines = "[PAD]\r\n[UNK]\n[CLS]\n\n[SEP]\na\n##b\né\n"
    damage(Array(lines.utf8), seed: 8) { _ = try PretrainedVocabulary(lines: $0) }
  }

  @Test func shards() throws {
    let path = try fixture("checkpoints/labelling/model.safetensors.index.json")
    let folder = URL(filePath: path).deletingLastPathComponent().path
    let text = String(decoding: try bytes(of: path), as: UTF8.self)
    let whole = text.split(separator: "\n").prefix(12).joined() + #""x":"y"}}"#
    damage(Array(whole.utf8), seed: 9) { contents in
      let bytes = contents.withUnsafeBytes { Array($0) }
      try readAll(
        ShardedTensors(index: FileContents(bytes: bytes, name: "\(folder)/index.json")))
    }
  }

  @Test(arguments: ["embedding", "gpt2"])
  func configuration(name: String) throws {
    let folder = try fixture("checkpoints/\(name)")
    damage(try bytes(of: "\(folder)/config.json"), seed: 10) { contents in
      let configuration = try FileValue(contents)
      let files = PretrainedFolder(path: folder)
      if name == "gpt2" {
        _ = try GPT.Configuration(configuration, in: files)
      } else {
        _ = try BERT.Configuration(configuration, in: files)
      }
    }
  }

  @Test func artifact() throws {
    try withTemporaryFolder { folder in
      let weight = TensorCollection(["w": try TensorData.float32([1, 2], shape: [2])])
      try Artifact(ir: "module", task: "{}", parameters: weight).write(to: "\(folder)/a")
      damage(try bytes(of: "\(folder)/a"), seed: 6) { contents in
        let artifact = try Artifact(contents)
        for name in artifact.parameters.tensorNames {
          _ = try? artifact.parameters.tensor(named: name)
        }
      }
    }
  }
}
