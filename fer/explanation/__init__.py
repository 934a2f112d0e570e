"""Why the network said so: exact maps without TensorFlow, gradients in a child process."""
