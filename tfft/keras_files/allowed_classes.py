"""List the Keras classes and functions that a net from other people may contain: those that only compute.

A class is missing here when it contains functions or foreign code (Lambda, TFSMLayer, JaxLayer, FlaxLayer, TorchModuleWrapper, and
operations such as Map, Scan, Cond, WhileLoop), when it can read files (StringLookup, TextVectorization, tokenizers), or when its
inputs are not numbers. Checked with Keras 3.15 and KerasHub 0.32; to allow a new class, add its name.
"""

from types import MappingProxyType

_LAYERS = """
Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D
AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D
AveragePooling2D AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D
ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D Cropping3D CutMix Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU
EinsumDense Embedding Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention Identity
InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum
MixUp MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness
RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip
RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding
STFTSpectrogram SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D
SpatialDropout3D SpectralNormalization StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D
UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""

_ARRAYS = """
Absolute Abs Fabs Add All AllClose Angle Any Amax Amin Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax
Argmin Argpartition Argsort Array ArraySplit Average Bincount BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr
BitwiseRightShift BitwiseXor BroadcastTo Cbrt Ceil Clip Concatenate Conj Conjugate Copy Corrcoef Correlate Cos Cosh CountNonzero
Cross Cumprod Cumsum Deg2rad Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dot Dsplit Dstack Einsum EmptyLike Equal Exp
Exp2 ExpandDims Expm1 Flip Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Full FullLike Gcd Geomspace GetItem Greater GreaterEqual
Heaviside Histogram Hsplit Hstack Hypot I0 Imag Inner IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal Kron Lcm Ldexp
LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 Logaddexp Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor Logspace
Matmul Max Maximum Mean Median Meshgrid Min Minimum Mod Moveaxis Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax
Nanmean Nanmedian Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero NotEqual OnesLike
Outer Pad Percentile Power Prod Ptp Quantile Rad2deg Ravel Real Reciprocal Repeat Reshape RightShift Roll Rot90 Round SearchSorted
Select Sign Signbit Sin Sinc Sinh Size Slogdet Sort Split Sqrt Square Squeeze Stack Std Subtract Sum Swapaxes Take TakeAlongAxis Tan
Tanh Tensordot Tile Trace Transpose Trapezoid Tril Triu TrueDivide Trunc Unique UnravelIndex Vander Var Vdot View Vsplit Vstack
Where ZerosLike
"""

_NEURAL = """
AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm Celu Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu
Fold Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool Moments MultiHot Normalize
OneHot Polar RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu SoftShrink Softmax Softplus Softsign SpaceToDepth SparsePlus
SparseSigmoid Sparsemax Squareplus TanhShrink Threshold Unfold
"""

_ACTIVATIONS = """
celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid log_softmax mish
relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh
tanh_shrink threshold
"""

_HUB = "keras_hub.src.layers.modeling"
_SAVED_MODEL = "NormalizationWeights SavedModelLayer Weights"
_MOBILE = "ConvBnActBlock DepthwiseConvBlock InvertedResidualBlock SqueezeAndExcite2D"

CLASSES = MappingProxyType(
    {
        module: frozenset(names.split())
        for module, names in {
            "keras": "DTypePolicy Model Sequential",
            "keras.src.models.functional": "Functional",
            "keras.src.models.sequential": "Sequential",
            "keras.dtype_policies": "DTypePolicyMap QuantizedDTypePolicy QuantizedFloat8DTypePolicy",
            "keras.layers": _LAYERS,
            "keras.initializers": """Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
                Orthogonal RandomNormal RandomUniform STFT TruncatedNormal VarianceScaling Zeros""",
            "keras.regularizers": "L1 L1L2 L2 OrthogonalRegularizer",
            "keras.constraints": "MaxNorm MinMaxNorm NonNeg UnitNorm",
            # classes in the compile configuration of a net inside the net
            "keras.optimizers": "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion Nadam RMSprop SGD",
            "keras.optimizers.schedules": """CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay
                PiecewiseConstantDecay PolynomialDecay""",
            "keras.losses": """BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy CategoricalFocalCrossentropy
                CategoricalHinge CosineSimilarity Dice Hinge Huber KLDivergence LogCosh MeanAbsoluteError
                MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy
                SquaredHinge Tversky""",
            "keras.metrics": """AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy
                CategoricalCrossentropy CategoricalHinge CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge
                IoU KLDivergence LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanSquaredError
                MeanSquaredLogarithmicError OneHotIoU OneHotMeanIoU Poisson Precision PrecisionAtRecall R2Score Recall
                RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy
                SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum
                TopKCategoricalAccuracy TrueNegatives TruePositives""",
            "keras.src.applications.convnext": "LayerScale",
            "keras.src.applications.inception_resnet_v2": "CustomScaleLayer",
            "keras.src.ops.core": "Cast ConvertToTensor SaturateCast Scatter ScatterUpdate Slice SliceUpdate StopGradient Unstack",
            "keras.src.ops.einops": "Rearrange",
            "keras.src.ops.image": """AffineTransform CropImages ElasticTransform ExtractPatches GaussianBlur HSVToRGB
                MapCoordinates PadImages PerspectiveTransform RGBToGrayscale RGBToHSV Resize ScaleAndTranslate SobelEdges""",
            "keras.src.ops.linalg": "Cholesky Det Eigh Inv Norm Qr SVD Solve SolveTriangular",
            "keras.src.ops.math": """CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT Logsumexp RFFT Rsqrt STFT
                SegmentMax SegmentMin SegmentProd SegmentSum TopK ViewAsComplex ViewAsReal""",
            "keras.src.ops.nn": _NEURAL,
            "keras.src.ops.numpy": _ARRAYS,
            f"{_HUB}.position_embedding": "PositionEmbedding",
            f"{_HUB}.token_and_position_embedding": "TokenAndPositionEmbedding",
            f"{_HUB}.transformer_decoder": "TransformerDecoder",
            f"{_HUB}.transformer_encoder": "TransformerEncoder",
            "keras_hub.src.models.deberta_v3.disentangled_attention_encoder": "DisentangledAttentionEncoder",
            "keras_hub.src.models.deberta_v3.relative_embedding": "RelativeEmbedding",
            "keras_hub.src.models.deeplab_v3.deeplab_v3_layers": "SpatialPyramidPooling",
            "keras_hub.src.models.mit.mit_layers": "HierarchicalTransformerEncoder OverlappingPatchingAndEmbedding",
            "keras_hub.src.models.mobilenet.mobilenet_backbone": _MOBILE,
            "keras_hub.src.models.vit.vit_layers": "ViTEncoderBlock ViTPatchingAndEmbedding",
            "tfft.core.packed_embedding": "PackedEmbedding",
            "tfft.savedmodel.saved_layer": _SAVED_MODEL,
            "tfft.core.saved_layer": _SAVED_MODEL,  # the name of that module until version 0.1
        }.items()
    }
)
"""Module name, as Keras writes it -> class names."""

FUNCTIONS = frozenset([*_ACTIVATIONS.split(), "keras_hub>gelu_approximate"])
"""Activation functions that a configuration may name."""

REGISTERED = MappingProxyType({"keras_hub": "keras_hub", "tfft": "tfft"})
"""First part of a module name -> the package name under which Keras may have registered its classes."""
