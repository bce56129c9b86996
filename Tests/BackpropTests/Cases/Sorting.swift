// Sorting, selecting, running sums and products.
import Backprop

let sortingCases: [Case] = [
]
