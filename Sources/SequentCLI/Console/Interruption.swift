import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The first signal that came; 0 while none has.
private let received = Atomic<Int32>(0)

/// SIGINT and SIGTERM, turned into a wish to stop that work under way can look at.
///
/// The second signal ends the command at once.
enum Interruption {
  /// The signal that came; nil while none has.
  static var caught: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// From now on the signals wait to be looked at, and writing past a file size limit is an error
  /// like a full disk.
  static func watch() {
    // The atomic exists before a handler can need it: nothing may be set up inside of one.
    received.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
    // Whoever started the command may have them blocked, as worker threads have.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// What a signal is called.
  static func name(_ signal: Int32) -> String { signal == SIGINT ? "SIGINT" : "SIGTERM" }
}
