import SequentIR
import Testing

@Test func dotDrawsLayersAndBodies() throws {
  let module = try Module(
    parsing: """
      module @m {
        parameter @head.weight : f32[2, 4]
        function @main(%x: f32[batch, time, 2], %h0: f32[batch, 2]) -> (y: f32[batch, 4]) {
          %h = scan %h0, %x {time = time, carry = 1, scanned = 1}  // Model.swift:7 net.encoder
            body(%h: f32[batch, 2], %x: f32[batch, 2]) {
              %next = add %h, %x
              yield %next
            }
          %y = matmul %h, @head.weight  // Model.swift:8 head
          return %y
        }
      }
      """)
  #expect(
    module.functions[0].dot == #"""
      digraph "main" {
        node [shape=box, style=filled, fillcolor=white, fontname=Helvetica, fontsize=10]
        graph [fontname=Helvetica, fontsize=10, style=rounded, color=gray]
        argument0 [label="x\nf32[batch, time, 2]", shape=ellipse, fillcolor=lightblue]
        argument1 [label="h0\nf32[batch, 2]", shape=ellipse, fillcolor=lightblue]
        subgraph "cluster_net" {
          label="net"
          subgraph "cluster_net.encoder" {
            label="encoder"
            subgraph "cluster_node0" {
              label="body"
              node0 [label="scan\nf32[batch, 2]", tooltip="Model.swift:7 net.encoder", fillcolor=lightyellow]
              node0_0_argument0 [label="h\nf32[batch, 2]", shape=ellipse, fillcolor=lightblue]
              node0_0_argument1 [label="x\nf32[batch, 2]", shape=ellipse, fillcolor=lightblue]
              node0_0_node0 [label="add\nf32[batch, 2]", tooltip="Model.swift:7 net.encoder"]
            }
          }
        }
        subgraph "cluster_head" {
          label="head"
          node1 [label="matmul\nf32[batch, 4]\n1 weight", tooltip="Model.swift:8 head"]
        }
        result0 [label="y\nf32[batch, 4]", shape=ellipse, fillcolor=lightblue]
        argument1 -> node0
        argument0 -> node0
        node0 -> node0_0_argument0 [style=dashed]
        node0 -> node0_0_argument1 [style=dashed]
        node0_0_argument0 -> node0_0_node0
        node0_0_argument1 -> node0_0_node0
        node0 -> node1
        node1 -> result0
      }

      """#)
}
