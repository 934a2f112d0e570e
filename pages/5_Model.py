from fer.ui.model import render

render()
