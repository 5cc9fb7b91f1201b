import Foundation

/// An SVG picture being drawn, in pixels from the upper left corner.
struct SVGDrawing {
  /// Where a text stands at its point.
  enum Anchor: String {
    case start, middle, end
  }

  private let width: Double
  private let height: Double
  private let title: String
  private var elements: [String] = []

  /// Starts with a white picture.
  ///
  /// - Parameter title: what the picture shows, for those who hear it.
  init(width: Double, height: Double, title: String) {
    self.width = width
    self.height = height
    self.title = title
  }

  /// Adds a rectangle, with what is shown when the mouse rests on it.
  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String, tip: String? = nil
  ) {
    let start =
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" "
      + "height=\"\(number(height))\" fill=\"\(fill)\""
    elements.append(tip.map { "\(start)><title>\(escaped($0))</title></rect>" } ?? "\(start)/>")
  }

  /// Adds a line through points.
  mutating func line(
    _ points: [(x: Double, y: Double)], stroke: String, width: Double = 1, dashes: String? = nil
  ) {
    let path = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    let dashes = dashes.map { " stroke-dasharray=\"\($0)\"" } ?? ""
    elements.append(
      "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(stroke)\" "
        + "stroke-width=\"\(number(width))\"\(dashes) stroke-linejoin=\"round\"/>")
  }

  /// Adds a filled circle.
  mutating func dot(_ x: Double, _ y: Double, radius: Double, fill: String) {
    elements.append(
      "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"\(number(radius))\" fill=\"\(fill)\"/>")
  }

  /// Adds a text, turned by an angle in degrees about its point.
  mutating func text(
    _ text: String, _ x: Double, _ y: Double, size: Double = 12, anchor: Anchor = .start,
    isBold: Bool = false, angle: Double = 0
  ) {
    let weight = isBold ? " font-weight=\"600\"" : ""
    let turn = angle == 0 ? "" : " transform=\"rotate(\(number(angle)) \(number(x)) \(number(y)))\""
    elements.append(
      "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(number(size))\" "
        + "text-anchor=\"\(anchor.rawValue)\"\(weight)\(turn)>\(escaped(text))</text>")
  }

  /// The picture as a document.
  var document: String {
    let (width, height) = (number(width), number(height))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" role="img" fill="#222" \
      font-family="system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif">
      <title>\(escaped(title))</title>
      <rect width="100%" height="100%" fill="#fff"/>
      \(elements.joined(separator: "\n"))
      </svg>

      """
  }

  /// About how wide a text is.
  static func width(of text: String, size: Double) -> Double {
    text.reduce(0) { $0 + ($1.isASCII || $1.utf8.count < 3 ? 0.6 : 1) } * size
  }

  /// A coordinate to a hundredth of a pixel.
  private func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    let short = text.reversed().drop { $0 == "0" }
    return String((short.first == "." ? short.dropFirst() : short).reversed())
  }

  /// Text as XML has it; what XML can't hold becomes U+FFFD.
  private func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "\t", " "..."\u{d7ff}", "\u{e000}"..."\u{fffd}", "\u{10000}"..."\u{10ffff}":
        result.append(scalar)
      default: result.append("\u{fffd}")
      }
    }
    return String(result)
  }
}
