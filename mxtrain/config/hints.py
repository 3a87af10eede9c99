"""What other tools call the keys of mxtrain. A hint goes into an error and is never an alias.

Names of cxxnet, Caffe, Darknet, MXNet's scripts, Keras, Lightning, torchtune, Ultralytics, timm, Hugging Face, PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_LISTS = {
    "net": "model netconfig network arch architecture net_param train_net zoo layers",
    "data": "dataset datasets dataloader input corpora iter",
    "data.train": "train_data data_train training_data train_dataset train_path train_dir corpora.train",
    "data.val": "val_data data_val eval_data validation_data val_dataset eval_dataset valid validation eval test_data "
    "data.valid data.validation data.test data.eval corpora.dev",
    "batch_size": "batch batchsize mini_batch_size minibatch_size train_batch_size batch_size_per_gpu data.batch_size "
    "trainer.batch_size",
    "batch_size (the global one: over all devices)": "per_device_train_batch_size per_gpu_train_batch_size "
    "micro_batch_size",
    "grad_accum": "update_period iter_size subdivisions batch_scale accumulate_grad_batches grad_accum_steps "
    "gradient_accumulation_steps gradient_accumulation accumulate_gradient accumulation_steps nbs",
    "epochs": "num_round max_round num_rounds num_epoch num_epochs max_epochs num_train_epochs n_epochs epoch nb_epoch "
    "trainer.max_epochs trainer.epochs",
    "max_steps": "max_iter max_iters max_batches num_steps total_steps train_steps iterations num_iterations",
    "optimizer": "updater solver solver_type opt optim trainer.optimizer",
    "optimizer.name": "optimizer.type optimizer._component_ optimizer.class_path optimizer.kind",
    "optimizer.lr": "eta base_lr learning_rate lr lr0 lr_rate init_lr optimizer.learning_rate optimizer.base_lr",
    "optimizer.momentum": "mom momentum optimizer.mom",
    "optimizer.wd": "weight_decay decay wd l2 regularization weight_decay_rate optimizer.weight_decay optimizer.decay "
    "optimizer.l2",
    "optimizer.clip_gradient": "clip_gradient clip_gradients clip_value clipvalue gradient_clip_val",
    "optimizer.beta1": "beta_1 adam_beta1 optimizer.beta_1",
    "optimizer.beta2": "beta_2 adam_beta2 optimizer.beta_2",
    "optimizer.epsilon": "adam_epsilon optimizer.eps",
    "lr_scheduler": "lr_policy lr_schedule policy sched scheduler schedule learning_rate_scheduler lr_scheduler_type "
    "cos_lr",
    "lr_scheduler.name": "lr_scheduler.type lr_scheduler.policy lr_scheduler._component_ lr_scheduler.class_path",
    "lr_scheduler.step": "stepsize step_size stepvalue lr_step_epochs lr_steps lr_scheduler.step_size "
    "lr_scheduler.milestones lr_scheduler.stepvalue milestones",
    "lr_scheduler.factor": "gamma lr_factor lr_decay decay_rate lr_scheduler.gamma lr_scheduler.lr_factor",
    "lr_scheduler.pwr": "power lr_scheduler.power",
    "lr_scheduler.warmup": "burn_in warmup warmup_epochs warmup_steps num_warmup_steps lr_warmup",
    "initializer": "weight_filler kernel_initializer random_type init_method weight_init",
    "augment": "augmentation augmentations transforms transform transform_param preprocessing aug",
    "device": "dev gpu gpus gpu_id gpu_ids devices accelerator solver_mode ctx context",
    "kvstore": "kv_store param_server",
    "precision": "dtype amp fp16 mixed_precision half",
    "seed": "random_seed seed_everything seed_data manual_seed rng_seed seed_aug trainer.seed",
    "ema": "model_ema use_ema ema_decay",
    "metrics": "metric eval_metric eval_metrics",
    "checkpoint": "save checkpointer checkpointing model_checkpoint snapshot backup",
    "checkpoint.every": "save_model save_period save_steps checkpoint_every save_freq checkpoint.period "
    "checkpoint.save_freq",
    "checkpoint.keep_last": "checkpoint_hist save_total_limit max_to_keep checkpoint.save_total_limit",
    "checkpoint.keep_best": "save_best_only save_top_k load_best_model_at_end checkpoint.save_top_k",
    "early_stop": "early_stopping patience",
    "name": "run_name experiment_name model_prefix snapshot_prefix project",
    "extends": "include includes inherit inherits base _base_ defaults",
    "the option --resume": "resume continue resume_from_checkpoint ckpt_path load_epoch model_in",
    "convolution.num_filter": "convolution.out_channels convolution.filters convolution.num_output "
    "convolution.nchannel convolution.channels deconvolution.out_channels deconvolution.filters "
    "deconvolution.num_output",
    "fully_connected.num_hidden": "fully_connected.units fully_connected.out_features fully_connected.num_output "
    "fully_connected.nhidden fully_connected.output",
    "kernel": "kernel_size kernel_h kernel_w ksize pool_size",
    "stride": "strides stride_h stride_w",
    "pad": "padding pad_h pad_w",
    "dilate": "dilation dilations dilation_rate",
    "num_group": "group groups ngroup",
    "no_bias": "bias use_bias bias_term",
    "pool_type": "pooling.pool pooling.mode pooling.method",
    "act_type": "activation.type activation.function activation.activation leaky_relu.type",
    "slope": "negative_slope",
    "eps": "batch_norm.epsilon layer_norm.epsilon instance_norm.epsilon",
    "p": "dropout.rate dropout.ratio dropout.dropout_ratio dropout.probability dropout.threshold",
    "dim": "concat.axis",
}

HINTS: Mapping[str, str] = {name: ours for ours, names in _LISTS.items() for name in names.split()}
"""Another tool's name, alone or with the end of the path that it stands at (``optimizer.type``) -> ours."""


def find_hint(path: Sequence[str | int], hints: Mapping[str, str]) -> str | None:
    """What we call the unknown key at `path`, if some tool has it: the longest listed end of the path counts."""
    names = [part.lower().replace("-", "_") for part in path if isinstance(part, str)]
    for start in range(len(names)):
        if found := hints.get(".".join(names[start:])):
            return found
    return None
