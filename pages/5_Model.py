from fer.ui.model.page import render

render()
