import django.db.models.deletion
from django.db import migrations, models

import anju.privacy.models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_unionpay"),
        ("homes", "0004_household"),
        ("payments", "0004_declined_refunds"),
    ]

    operations = [
        migrations.CreateModel(
            name="Repayment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=anju.privacy.models.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[("again", "再次原路退回"), ("cash", "现金"), ("transfer", "银行转账")],
                        max_length=8,
                        verbose_name="方式",
                    ),
                ),
                ("note", models.CharField(max_length=60, verbose_name="凭证")),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "待审批"), ("approved", "已办理"), ("refused", "未通过")],
                        default="asked",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("asker", models.UUIDField()),
                ("decider", models.UUIDField(null=True)),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="申请时间")),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "community",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="homes.community", verbose_name="小区"
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="payments.refund",
                        verbose_name="退款",
                    ),
                ),
                (
                    "shift",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.shift"
                    ),
                ),
            ],
            options={
                "verbose_name": "另行退还",
                "verbose_name_plural": "另行退还",
                "ordering": ["-at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "refused"), _negated=True),
                        fields=("refund",),
                        name="one_repayment_a_refund",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decider__isnull", True),
                            models.Q(("decider", models.F("asker")), _negated=True),
                            _connector="OR",
                        ),
                        name="two_repay",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("shift__isnull", False), ("way", "cash")),
                            models.Q(models.Q(("way", "cash"), _negated=True), ("shift__isnull", True)),
                            _connector="OR",
                        ),
                        name="cash_from_a_drawer",
                    ),
                ],
            },
        ),
    ]
