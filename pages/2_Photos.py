from fer.ui.photos.page import render

render()
