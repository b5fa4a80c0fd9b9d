"""The tutorial's navigation model in TensorFlow itself: what `--recipe tutorial` is held against.

    pip install tensorflow-cpu==2.16.2
    python test/bench/reference/tutorial.py FOLDER_OF_THE_INDEX_FILES [SEED]

Prints epoch, cost and training accuracy every 10 epochs. The LSTM cell is written out as TensorFlow 1's BasicLSTMCell
computes it; one-hot times kernel is a row look-up, with the dense gradient that one-hot gives.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

CLASSES, UNITS, TRAIN_ROWS, EPOCHS = 52_739, 100, 800, 371


def read(path):
    with gzip.open(path) as file:
        return np.loadtxt(file).astype(np.int32)


folder = Path(sys.argv[1])
tf.set_random_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
x = tf.constant(read(folder / "1000_index_x.txt.gz")[:TRAIN_ROWS])
y = tf.constant(read(folder / "1000_index_y.txt.gz")[:TRAIN_ROWS])

limit = np.sqrt(6 / (CLASSES + UNITS + 4 * UNITS))  # glorot, of one kernel over input and state
kernel = tf.Variable(tf.random_uniform([CLASSES, 4 * UNITS], -limit, limit))
recurrent = tf.Variable(tf.random_uniform([UNITS, 4 * UNITS], -limit, limit))
bias = tf.Variable(tf.zeros([4 * UNITS]))
output = tf.Variable(tf.random_normal([UNITS, CLASSES]))
output_bias = tf.Variable(tf.random_normal([CLASSES]))

h = tf.zeros([TRAIN_ROWS, UNITS])
c = tf.zeros([TRAIN_ROWS, UNITS])
for step in range(4):
    gates = tf.gather(kernel, x[:, step]) + tf.matmul(h, recurrent) + bias
    i, j, f, o = tf.split(gates, 4, 1)
    c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
    h = tf.tanh(c) * tf.sigmoid(o)

logits = tf.matmul(h, output) + output_bias
cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)) / CLASSES
hits = tf.equal(tf.argmax(logits, 1, output_type=tf.int32), y)
accuracy = tf.reduce_mean(tf.cast(hits, tf.float32))

optimizer = tf.train.AdamOptimizer(0.001)
gradients = [(tf.convert_to_tensor(g), v) for g, v in optimizer.compute_gradients(cost)]
update = optimizer.apply_gradients(gradients)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for epoch in range(EPOCHS):
        if epoch % 10 == 0:
            values = session.run([cost, accuracy])
            print(f"epoch {epoch:4d}  cost {values[0]:.4e}  accuracy {values[1]:.4f}", flush=True)
        session.run(update)
