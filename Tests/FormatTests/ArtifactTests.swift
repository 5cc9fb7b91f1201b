import SequentIR
import Testing

@testable import Sequent

@Suite struct ArtifactTests {
  private let parameters = TensorCollection([:])

  @Test func keepsEverything() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.sequent"
      let weight = try TensorData.float32([1, 2, 3, 4], shape: [2, 2])
      let artifact = Artifact(
        ir: "module @m {\n}\n", task: #"{"kind":"tag"}"#, entries: ["note": "é"],
        parameters: TensorCollection(["head.weight": weight]))
      try artifact.write(to: path)
      let again = try Artifact(path: path)
      #expect(again.ir == artifact.ir)
      #expect(again.task == artifact.task)
      #expect(again.entries == artifact.entries)
      #expect(again.parameters.tensorNames == ["head.weight"])
      #expect(try again.parameters.tensor(named: "head.weight") == weight)
      // Written again from the mapped file, over that file.
      try again.write(to: path)
      #expect(try Artifact(path: path).parameters.tensor(named: "head.weight") == weight)
      #expect(try again.parameters.tensor(named: "head.weight") == weight)
    }
  }

  @Test func saysWhatIsNoArtifact() throws {
    func refusal(_ metadata: [String: String]) throws -> String {
      try withTemporaryFolder { folder in
        try SafetensorsFile.write(parameters, metadata: metadata, to: "\(folder)/a")
        return message { _ = try Artifact(path: "\(folder)/a") }
      }
    }
    #expect(try refusal([:]).contains("not a Sequent artifact"))
    #expect(
      try refusal(["sequent.format": "2"])
        .contains("written in artifact format 2, and this version of Sequent reads format 1"))
    #expect(try refusal(["sequent.format": "1", "sequent.ir": ""]).contains("no sequent.task"))
    let taken = Artifact(ir: "", task: "", entries: ["sequent.ir": ""], parameters: parameters)
    #expect(message { try taken.write(to: "/x") }.contains("can't be called sequent.ir"))
  }
}
