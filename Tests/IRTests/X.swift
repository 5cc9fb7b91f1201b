import Testing
@testable import SequentIR
