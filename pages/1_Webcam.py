from fer.ui.webcam import render

render()
