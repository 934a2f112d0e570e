from fer.ui.webcam.page import render

render()
