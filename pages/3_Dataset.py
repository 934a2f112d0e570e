from fer.ui.dataset import render

render()
