from fer.ui.video.page import render

render()
