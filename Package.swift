// swift-tools-version: 6.2

import Foundation
import PackageDescription

// MARK: - OpenMP

/// Where Debian's `libomp-dev` puts the OpenMP header and library.
///
/// The header's folder also holds an older clang's own headers: it is therefore added with
/// `-idirafter`, behind those of the toolchain's clang.
struct OpenMP {
  let headers: String
  let library: String

  init?() {
    let files = FileManager.default
    let root = "/usr/lib"
    let versions = ((try? files.contentsOfDirectory(atPath: root)) ?? [])
      .filter { $0.hasPrefix("llvm-") }
      .sorted { (Int($0.dropFirst(5)) ?? 0) > (Int($1.dropFirst(5)) ?? 0) }
    for version in versions {
      let library = "\(root)/\(version)/lib"
      guard files.fileExists(atPath: "\(library)/libomp.so") else { continue }
      let resources = (try? files.contentsOfDirectory(atPath: "\(library)/clang")) ?? []
      for resource in resources.sorted().reversed() {
        let headers = "\(library)/clang/\(resource)/include"
        guard files.fileExists(atPath: "\(headers)/omp.h") else { continue }
        (self.headers, self.library) = (headers, library)
        return
      }
    }
    return nil
  }
}

guard let openMP = OpenMP() else {
  // A manifest can't throw: SwiftPM shows what it wrote when it ended badly.
  let message =
    "error: Sequent needs OpenMP: no omp.h and libomp.so under /usr/lib/llvm-*; "
    + "apt-get install libomp-dev\n"
  FileHandle.standardError.write(Data(message.utf8))
  exit(1)
}

// MARK: - Settings

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

// Kernels are compiled at -O3 in debug builds too: their tests are otherwise hours long.
let kernelSettings: [CSetting] = [
  .unsafeFlags([
    "-O3", "-fopenmp", "-ffp-contract=fast", "-fno-math-errno", "-Wall", "-Wextra",
    "-idirafter", openMP.headers,
  ]),
  .headerSearchPath("."),
]

let kernelLinkage: [LinkerSetting] = [
  .unsafeFlags(["-L\(openMP.library)", "-Xlinker", "-rpath", "-Xlinker", openMP.library]),
  .linkedLibrary("omp"),
  .linkedLibrary("m"),
]

// MARK: - Package

let package = Package(
  name: "Sequent",
  products: [
    .library(name: "Sequent", targets: ["Sequent"]),
    .library(name: "SequentDynamic", type: .dynamic, targets: ["Sequent"]),
    .executable(name: "sequent", targets: ["SequentCLI"]),
  ],
  targets: [
    .target(
      name: "Kernels", path: "Kernels", exclude: ["README.md"], cSettings: kernelSettings,
      linkerSettings: kernelLinkage),
    .target(name: "SequentIR", exclude: ["README.md"], swiftSettings: swiftSettings),
    .target(
      name: "SequentCompiler", dependencies: ["SequentIR"], exclude: ["README.md"],
      swiftSettings: swiftSettings),
    .target(
      name: "SequentRuntime", dependencies: ["SequentIR", "SequentCompiler", "Kernels"],
      exclude: ["README.md"],
      swiftSettings: swiftSettings),
    .systemLibrary(
      name: "CZlib", path: "Sources/CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "Sequent", dependencies: ["SequentIR", "SequentCompiler", "SequentRuntime", "CZlib"],
      swiftSettings: swiftSettings),
    .target(
      name: "SequentExamples", dependencies: ["Sequent"], path: "Sources/Examples",
      exclude: ["README.md", "Data"], swiftSettings: swiftSettings),
    .target(
      name: "SequentBenchmarks",
      dependencies: ["Sequent", "SequentIR", "SequentCompiler", "SequentRuntime"],
      path: "Benchmarks", exclude: ["README.md", "RESULTS.md", "Training", "Pretrained"],
      swiftSettings: swiftSettings),
    .target(
      name: "EmbeddedModels",
      exclude: ["README.md", "LICENSE.cmudict", "language-of-word.sequent", "pronounce.sequent"]),
    .executableTarget(
      name: "SequentCLI",
      dependencies: [
        "EmbeddedModels", "Sequent", "SequentIR", "SequentCompiler", "SequentRuntime",
        "SequentExamples", "SequentBenchmarks",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "KernelTests", dependencies: ["Kernels"], path: "Tests/KernelTests",
      swiftSettings: swiftSettings),
    .target(
      name: "TestSupport", dependencies: ["SequentIR"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    .testTarget(
      name: "ModelTests",
      dependencies: [
        "Sequent", "SequentIR", "SequentCompiler", "SequentRuntime", "SequentExamples",
        "AllocationCount",
      ], path: "Tests/ModelTests", resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
    .testTarget(
      name: "DifferentiationTests",
      dependencies: ["Sequent", "SequentIR", "SequentCompiler", "SequentRuntime", "TestSupport"],
      path: "Tests/DifferentiationTests", swiftSettings: swiftSettings),
    .testTarget(
      name: "ParityTests",
      dependencies: [
        "Sequent", "SequentIR", "SequentCompiler", "SequentRuntime", "SequentExamples",
        "TestSupport",
      ],
      path: "Tests/ParityTests", resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
    .testTarget(
      name: "LayerTests", dependencies: ["Sequent", "SequentIR", "SequentExamples"],
      path: "Tests/LayerTests", swiftSettings: swiftSettings),
    .testTarget(
      name: "IRTests", dependencies: ["SequentIR", "TestSupport"], path: "Tests/IRTests",
      exclude: ["Goldens", "Negatives"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RuntimeTests",
      dependencies: ["SequentRuntime", "SequentCompiler", "SequentIR", "Kernels", "TestSupport"],
      path: "Tests/RuntimeTests", swiftSettings: swiftSettings),
    .testTarget(
      name: "DataTests", dependencies: ["Sequent", "SequentIR", "TestSupport"],
      path: "Tests/DataTests", swiftSettings: swiftSettings),
    .testTarget(
      name: "FormatTests", dependencies: ["Sequent", "SequentIR", "SequentRuntime"],
      path: "Tests/FormatTests",
      resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
    .testTarget(
      name: "PassTests",
      dependencies: ["Sequent", "SequentCompiler", "SequentExamples", "SequentIR", "TestSupport"],
      path: "Tests/PassTests", exclude: ["Goldens"], swiftSettings: swiftSettings),
    .testTarget(
      name: "CLITests", dependencies: ["SequentCLI", "TestSupport"], path: "Tests/CLITests",
      exclude: ["Help"], swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
