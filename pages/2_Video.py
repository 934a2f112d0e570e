from fer.ui.video import render

render()
