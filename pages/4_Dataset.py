from fer.ui.dataset.page import render

render()
