// Decompositions and what is solved with them.
import Backprop

let linearAlgebraCases: [Case] = [
]
