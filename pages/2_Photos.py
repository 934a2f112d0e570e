from fer.ui.photos import render

render()
